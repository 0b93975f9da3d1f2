"""The screens that a person sees: each is made from values and knows neither HTTP nor the command line."""
