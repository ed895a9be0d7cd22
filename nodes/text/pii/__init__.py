"""Detection and masking of payment card numbers, IBANs and national ids."""
