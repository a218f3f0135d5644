"""Tune, compare, reproduce: everything that runs models against each other, in resumable folders."""
