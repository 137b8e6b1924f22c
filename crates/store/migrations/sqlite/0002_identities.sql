-- Kinds 7 to 10: accounts, users, roles, access keys. No table changes, but older versions of the
-- program must not open a store that has them.
SELECT 1;
