"""Decode payloads, blocks and streams, damaged streams among them."""
