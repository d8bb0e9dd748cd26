# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: keys and certificates, tokens, servers, and the program under test."""
