"""How compiled code is written: decorator and cache, memory access, arithmetic, vector loops."""
