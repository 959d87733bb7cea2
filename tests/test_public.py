"""The names that the design promises, each with a docstring."""

import importlib
import inspect

import pytest

PROMISED = {
    "autograd": "Value exp log log1p expm1 sqrt sin cos tan tanh sigmoid relu softplus abs maximum minimum erf dot "
    "total where grad value_and_grad jacobian hessian gradcheck draw explain compile graph_stats name_scope ieee "
    "DomainError StaleGraphError",
    "nn": "Module Neuron Layer MLP binary_cross_entropy binary_cross_entropy_with_logits cross_entropy mse l2_penalty "
    "init save load",
    "optim": "SGD AdaGrad RMSProp Adam AdamW Constant InverseTime LinearDecay Step Cosine train",
    "autograd.check": "gradcheck check_derivation assert_gradient mistakes",
}


@pytest.mark.parametrize("package", PROMISED)
def test_promised_names_are_there_and_say_what_they_are(package: str) -> None:
    module = importlib.import_module(package)
    for name in PROMISED[package].split():
        thing = getattr(module, name, None) or importlib.import_module(f"{package}.{name}")
        assert inspect.getdoc(thing), f"{package}.{name} has no docstring"
        if package != "autograd.check":
            assert name in module.__all__, f"{package}.{name} is not in __all__"


@pytest.mark.parametrize("name", ["draw", "explain", "compile", "gradcheck", "grad"])
def test_a_function_is_a_function_although_a_package_has_its_name(name: str) -> None:
    import autograd

    importlib.import_module("autograd.draw")
    importlib.import_module("autograd.compile")
    assert inspect.isfunction(getattr(autograd, name))


def test_operations_are_methods_too() -> None:
    from autograd import Value

    functions = PROMISED["autograd"].split()[1:17]
    assert (functions[0], functions[-1]) == ("exp", "erf")
    for name in functions:
        assert callable(getattr(Value, name))
