"""Disentanglement methods: one file each, which reads like the algorithm box of its paper."""
