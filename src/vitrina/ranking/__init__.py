"""What happens between a model's scores and a list: candidates, stock, hiding, ties, top-k, ids, fallback. Written once."""
