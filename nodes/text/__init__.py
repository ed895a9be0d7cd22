"""Pure text rules: cleaning, injection, masking, extracts."""
