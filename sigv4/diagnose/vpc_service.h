#ifndef DIAGNOSE_VPC_SERVICE_H
#define DIAGNOSE_VPC_SERVICE_H
/* The names under which VPC endpoints are created. Pure. */
#include <sigv4/status.h>

/* "com.amazonaws.us-east-2.kinesis-streams". region "": the word REGION. false: no such service
 * here, and out is "". */
bool sigv4__vpc_service(const char *service_id, const char *region, char out[128]);
#endif
