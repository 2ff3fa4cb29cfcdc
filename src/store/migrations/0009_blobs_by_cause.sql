-- A mail's bytes are found by the key of its cause, which is made of them. Nothing asked for them by hash, and each entry of that index
-- changed a page of its own. The column stays, empty in new rows: without it all mail would have to be written anew.
DROP INDEX blob_hash;
