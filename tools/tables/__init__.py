# SPDX-License-Identifier: Apache-2.0
"""Reads the tables of the sources (TOML), and writes from each the packed C table and the documentation pages."""
