"""Pure text functions: cleaning, injection detection, masking, extractive summary."""
