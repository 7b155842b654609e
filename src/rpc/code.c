/* SPDX-License-Identifier: Apache-2.0 */
/* Codes as texts and as what other servers mean by a status of HTTP. Knows no message. */
#include "rpc/code.h"

ash_status rpc_code_parse(struct str code)
{
	for (int status = ASH_CANCELED; status <= ASH_UNAUTHENTICATED; status++)
		if (str_equal(code, str_of(ash_status_name((ash_status)status))))
			return (ash_status)status;
	return ASH_OK;
}

ash_status rpc_code_of_http(int status)
{
	static const struct {
		int http;
		ash_status status;
	} MEANINGS[] = {
		{400, ASH_INTERNAL},      {401, ASH_UNAUTHENTICATED}, {403, ASH_PERMISSION_DENIED},
		{404, ASH_UNIMPLEMENTED}, {429, ASH_UNAVAILABLE},     {502, ASH_UNAVAILABLE},
		{503, ASH_UNAVAILABLE},   {504, ASH_UNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
		if (MEANINGS[i].http == status)
			return MEANINGS[i].status;
	return ASH_UNKNOWN;
}
