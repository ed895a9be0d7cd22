"""Questions about one's own money, understood without a model."""
