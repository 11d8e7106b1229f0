"""Explainers of networks that a learner brings along; they need torch, as the others do not."""
