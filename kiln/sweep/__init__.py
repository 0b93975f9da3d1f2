"""The sweeper's decisions: what of that which Azure has is nobody's any more, and since when."""
