"""What can be written more simply before a program is made of it. `autograd.compile.simplify` puts it together."""
