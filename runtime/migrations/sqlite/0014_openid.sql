-- `nonce` of the authorization request, for the ID token that the code is exchanged for.
ALTER TABLE codes ADD COLUMN nonce TEXT;

-- When the person had last proved who they are before they approved; NULL: made by an earlier version.
ALTER TABLE grants ADD COLUMN signed_in INTEGER;
