/** The few actions the tools need, for the hosts' role and once more for the policies of the endpoints. */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Bucket } from 'aws-cdk-lib/aws-s3';

const STREAM_ACTIONS = [
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
  'kinesis:PutRecord',
  'kinesis:PutRecords',
];

/** Statements for a role; with who, for a resource policy. */
export function forBucket(bucket: Bucket, who?: iam.IPrincipal[]): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      resources: [bucket.arnForObjects('*')],
      principals: who,
    }),
    new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn], principals: who }),
  ];
}

export function forStream(stream: Stream, who?: iam.IPrincipal[]): iam.PolicyStatement[] {
  return [new iam.PolicyStatement({ actions: STREAM_ACTIONS, resources: [stream.streamArn], principals: who })];
}

/** Whoever is of this account: what they may do is then a matter of their own policies too. */
export function account(stack: Stack): iam.IPrincipal[] {
  return [new iam.AccountPrincipal(stack.account)];
}
