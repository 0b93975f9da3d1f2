"""The sweeper: what of that which Azure has is nobody's any more and since when, and what ended runs still owe."""
