"""What a person sees: each screen is made from values and knows neither HTTP nor the command line."""
