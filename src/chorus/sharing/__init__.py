"""Data on other machines: a local S3 server to try it with, whether a remote holds what a commit needs, no secrets."""
