"""How loops over floating-point numbers may be compiled."""

#: Reordered sums vectorise. NaN and infinity keep their meaning, so that exploding factors are seen.
REORDERED = {"reassoc", "contract", "arcp", "nsz"}
