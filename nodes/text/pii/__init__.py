"""Find and mask payment cards, IBANs and national ids."""
