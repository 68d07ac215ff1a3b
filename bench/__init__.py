"""The measured comparison with other ways of doing the same job (README.md says which job).

Here: the inputs, the contestants, measuring and comparing them. Not here: what users run; nothing imports this package.
"""
