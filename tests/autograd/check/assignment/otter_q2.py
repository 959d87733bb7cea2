"""Question 2, backpropagation, line by line: an Otter test in OK format."""

OK_FORMAT = True

test = {
    "name": "q2",
    "points": 4,
    "suites": [
        {
            "cases": [
                {
                    "code": r"""
                    >>> from autograd.check import assert_derivation
                    >>> report = assert_derivation(network, AT2, lines, hint="place")
                    >>> report.score
                    1.0
                    """,
                    "hidden": False,
                    "locked": False,
                    "points": 4,
                },
            ],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        },
    ],
}
