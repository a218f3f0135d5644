"""Features of the items of a catalogue: named matrices that models use."""
