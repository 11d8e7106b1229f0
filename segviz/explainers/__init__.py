"""One file per idea: a function that draws a Scene, its parameters, and what is legal."""
