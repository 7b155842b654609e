/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_OPTIONS_PB_C_H
#define ASHLAR_OPTIONS_PB_C_H

/* Included by what protoc-gen-c makes of a .proto that imports ashlar/options.proto. Empty: its
 * options are read by protoc-gen-ashlar, and need nothing in C. */

#endif
