"""The sweeper: it finds leftovers in Azure and in the ledgers of ended runs, deletes them, and ends lost runs."""
