"""The functions of ARM's template language that need nothing but their arguments, by their names in lower case."""

from kiln.arm_template.functions import addresses, collections, dates, ids, lambdas, logic, strings
from kiln.arm_template.functions.table import Function

FUNCTIONS: dict[str, Function] = {
    function.name.lower(): function
    for module in (strings, collections, logic, dates, ids, lambdas, addresses)
    for function in module.FUNCTIONS
}

__all__ = ["FUNCTIONS", "Function"]
