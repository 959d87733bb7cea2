"""Which small change of the chain rule gives the gradient that the student has? `diagnose` is where it starts.

    graph, points, effects   the graph of every point, the chain rule on it, and what a change does to the gradient
    groups, grids, uses      where a mistake can be made: places that a person sees as one
    changes, replacements, indices, mixups, arrays, slopes, steps, totals, products
                             the mistakes that are tried
    fit, explanation         how well one explains the gradient
    search, several          the search for one, and for two at once
    places, formula, words, slope_words
                             what was found, said to a student

Each name is a file of this folder.
"""
