"""The wheel, installed where nothing else is; and how the checkout is installed."""
