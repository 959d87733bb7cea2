"""Question 1, the gradient of the cost along w: an Otter test in OK format."""

OK_FORMAT = True

test = {
    "name": "q1",
    "points": 3,
    "suites": [
        {
            "cases": [
                {
                    "code": r"""
                    >>> from autograd.check import assert_gradient
                    >>> report = assert_gradient(cost, AT, gradient, hint="place")
                    >>> report.score
                    1.0
                    """,
                    "hidden": False,
                    "locked": False,
                    "points": 3,
                },
            ],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        },
    ],
}
