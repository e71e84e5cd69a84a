// SPDX-License-Identifier: Apache-2.0
//
// The tables of the state database: policies, their revisions, overrides.
//
// A constant; any thread.
#ifndef SCHEDD_STORE_STATE_SCHEMA_H_
#define SCHEDD_STORE_STATE_SCHEMA_H_

#include "server/store/schema.h"

namespace schedd {

SchemaSteps StateSchema();

}  // namespace schedd

#endif  // SCHEDD_STORE_STATE_SCHEMA_H_
