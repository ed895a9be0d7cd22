"""What performance figures are measured with: ratios within one run, as machines are shared and noisy."""
