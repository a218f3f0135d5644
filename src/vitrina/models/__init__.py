"""One file per system, by family; ``registry`` names them."""
