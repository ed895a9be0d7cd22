"""What a question about one's own money asks for, understood without a model."""
