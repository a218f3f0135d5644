"""The one trainer of all models that learn by gradients. It knows no metric, no data set and no model."""
