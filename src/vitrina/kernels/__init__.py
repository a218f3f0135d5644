"""The few compiled loops that neither BLAS, SciPy nor Polars does well. Nothing else lives here."""
