/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands. Each gets what follows its name and returns the exit status.
 */
#ifndef MOCK_COMMANDS_H
#define MOCK_COMMANDS_H

int mock_serve(int argc, char **argv);
int mock_mint(int argc, char **argv);
int mock_keygen(int argc, char **argv);
int mock_jwks(int argc, char **argv);
int mock_cert(int argc, char **argv);

#endif
