"""The sweeper: leftovers, which are nobody's any more, found in Azure and in ended runs' ledgers, and deleted."""
