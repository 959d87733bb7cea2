"""The lecture's formula sheet, put to the checker: every formula read as it is printed, calculated, and mended.

    indexed, program       formulas with indices and loops, as a slide prints them, read and calculated literally
    slips                  every formula that is one slip of the pen away
    network                the small network that they are calculated on
    rows, examine, loop    a formula that is no gradient, one that is, and F7's loop
    formulas, derivation   the whole sheet, formula by formula and as one derivation

Each name is a file of this folder.
"""
