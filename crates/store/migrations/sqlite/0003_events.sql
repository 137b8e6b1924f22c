-- Kind 11: events that wait to be delivered. No table changes, but older versions of the program must
-- not open a store that has them.
SELECT 1;
