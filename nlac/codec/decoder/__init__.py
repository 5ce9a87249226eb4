"""Decode payloads, blocks and streams; recover damaged streams."""
