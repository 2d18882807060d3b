/** The template of each stage, as it would be deployed. */
import { App, BootstraplessSynthesizer } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArticleStack } from '../app/article-stack';
import { Setting, settingOf, STAGES } from '../app/setting';

function templateOf(setting: Partial<Setting>): Template {
  const whole: Setting = { stage: 'igw', privateDns: true, access: 'ssh', ...setting };
  return Template.fromStack(
    new ArticleStack(new App(), 'Test', { setting: whole, synthesizer: new BootstraplessSynthesizer() }),
  );
}

/** The logical id of the only resource of a type with these properties. */
function only(template: Template, type: string, properties: object = {}): string {
  const found = Object.keys(template.findResources(type, { Properties: Match.objectLike(properties) }));
  assert.equal(found.length, 1, `${type} ${JSON.stringify(properties)}: ${found.join(', ') || 'none'}`);
  return found[0];
}

/** The routes of the table a subnet is associated with. */
function routesOf(template: Template, cidr: string): any[] {
  const subnet = only(template, 'AWS::EC2::Subnet', { CidrBlock: cidr });
  const link = only(template, 'AWS::EC2::SubnetRouteTableAssociation', { SubnetId: { Ref: subnet } });
  const table = template.toJSON().Resources[link].Properties.RouteTableId;
  return Object.values(template.findResources('AWS::EC2::Route', { Properties: { RouteTableId: table } }));
}

function tableOf(template: Template, cidr: string): any {
  const subnet = only(template, 'AWS::EC2::Subnet', { CidrBlock: cidr });
  const link = only(template, 'AWS::EC2::SubnetRouteTableAssociation', { SubnetId: { Ref: subnet } });
  return template.toJSON().Resources[link].Properties.RouteTableId;
}

function actions(statements: any[]): string[] {
  return statements.flatMap((s) => s.Action).sort();
}

const S3_ACTIONS = ['s3:DeleteObject', 's3:GetObject', 's3:ListBucket', 's3:PutObject'];
const KINESIS_ACTIONS = ['DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards', 'PutRecord', 'PutRecords']
  .map((a) => `kinesis:${a}`);

for (const stage of STAGES) {
  const template = templateOf({ stage });

  test(`${stage}: one VPC, a public and an isolated subnet in one zone`, () => {
    template.hasResourceProperties('AWS::EC2::VPC', {
      CidrBlock: '10.0.0.0/20', EnableDnsHostnames: true, EnableDnsSupport: true,
    });
    template.resourceCountIs('AWS::EC2::Subnet', 2);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    const routes = routesOf(template, '10.0.0.0/24');
    assert.equal(routes.length, 1);
    assert.equal(routes[0].Properties.DestinationCidrBlock, '0.0.0.0/0');
    assert.deepEqual(routes[0].Properties.GatewayId, { Ref: only(template, 'AWS::EC2::InternetGateway') });
    assert.deepEqual(routesOf(template, '10.0.1.0/24'), [], 'the private subnet has no way out');
  });

  test(`${stage}: the hosts`, () => {
    template.resourceCountIs('AWS::EC2::Instance', 2);
    template.allResourcesProperties('AWS::EC2::Instance', {
      MetadataOptions: Match.objectLike({ HttpTokens: 'required' }),
      BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
    });
    for (const [name, cidr] of [['public', '10.0.0.0/24'], ['private', '10.0.1.0/24']]) {
      const subnet = { Ref: only(template, 'AWS::EC2::Subnet', { CidrBlock: cidr }) };
      const host = only(template, 'AWS::EC2::Instance', { Tags: Match.arrayWith([{ Key: 'Name', Value: name }]) });
      const text = JSON.stringify(template.toJSON().Resources[host].Properties);
      assert.ok(text.includes(JSON.stringify(subnet)), `${name} is in ${cidr}`);
    }
  });

  test(`${stage}: SSH from one address, TCP within the VPC, nothing else`, () => {
    const group = only(template, 'AWS::EC2::SecurityGroup', { GroupDescription: 'The two hosts' });
    const ingress = template.toJSON().Resources[group].Properties.SecurityGroupIngress;
    assert.equal(ingress.length, 2);
    const vpc = { 'Fn::GetAtt': [only(template, 'AWS::EC2::VPC'), 'CidrBlock'] };
    assert.deepEqual(ingress.map((i: any) => [i.CidrIp, i.IpProtocol, i.FromPort, i.ToPort]),
      [[vpc, 'tcp', 0, 65535], [{ Ref: 'SshFrom' }, 'tcp', 22, 22]]);
    template.hasParameter('SshFrom', { AllowedPattern: Match.stringLikeRegexp('/32') });
  });

  test(`${stage}: the bucket and the stream`, () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Delete',
      Properties: {
        BucketEncryption: { ServerSideEncryptionConfiguration: [Match.anyValue()] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([Match.objectLike({
          Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        })]),
      }),
    });
    template.hasResource('AWS::Kinesis::Stream', {
      DeletionPolicy: 'Delete', Properties: { StreamEncryption: { EncryptionType: 'KMS' } },
    });
  });

  test(`${stage}: the role may do what the tools need on these two, no more`, () => {
    const policy = only(template, 'AWS::IAM::Policy');
    const statements = template.toJSON().Resources[policy].Properties.PolicyDocument.Statement;
    assert.deepEqual(actions(statements), [...KINESIS_ACTIONS, ...S3_ACTIONS].sort());
    const resources = JSON.stringify(statements.map((s: any) => s.Resource));
    assert.ok(!resources.includes('"*"'), resources);
    const role = template.toJSON().Resources[only(template, 'AWS::IAM::Role')];
    assert.equal(role.Properties.ManagedPolicyArns, undefined);
  });

  test(`${stage}: what the stack says`, () => {
    for (const name of ['PublicHostId', 'PublicHostAddress', 'PrivateHostId', 'PrivateHostAddress', 'BucketName',
      'StreamName', 'Region', 'Stage']) template.hasOutput(name, {});
    const endpoints = ['S3EndpointId', 'KinesisEndpointId', 'KinesisEndpointName'];
    const wanted = { igw: 0, 's3-gateway': 1, 'kinesis-interface': 3 }[stage];
    assert.deepEqual(endpoints.filter((name) => name in template.toJSON().Outputs), endpoints.slice(0, wanted));
  });

  test(`${stage}: nothing that needs a bootstrap or runs code`, () => {
    template.resourceCountIs('AWS::Lambda::Function', 0);
    assert.equal('BootstrapVersion' in template.toJSON().Parameters, false);
  });
}

test('igw has no endpoint', () => {
  templateOf({ stage: 'igw' }).resourceCountIs('AWS::EC2::VPCEndpoint', 0);
});

test('s3-gateway is a route in the private table, for the four actions on the bucket', () => {
  const template = templateOf({ stage: 's3-gateway' });
  template.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
  const endpoint = template.toJSON().Resources[only(template, 'AWS::EC2::VPCEndpoint')].Properties;
  assert.equal(endpoint.VpcEndpointType, 'Gateway');
  assert.deepEqual(endpoint.ServiceName, { 'Fn::Join': ['', ['com.amazonaws.', { Ref: 'AWS::Region' }, '.s3']] });
  assert.deepEqual(endpoint.RouteTableIds, [tableOf(template, '10.0.1.0/24')]);
  assert.deepEqual(actions(endpoint.PolicyDocument.Statement), S3_ACTIONS);
});

for (const privateDns of [true, false]) {
  test(`kinesis-interface with private DNS ${privateDns ? 'on' : 'off'}`, () => {
    const template = templateOf({ stage: 'kinesis-interface', privateDns });
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 2);
    const id = only(template, 'AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface' });
    const endpoint = template.toJSON().Resources[id].Properties;
    const service = ['com.amazonaws.', { Ref: 'AWS::Region' }, '.kinesis-streams'];
    assert.deepEqual(endpoint.ServiceName, { 'Fn::Join': ['', service] });
    assert.equal(endpoint.PrivateDnsEnabled, privateDns);
    assert.deepEqual(endpoint.SubnetIds, [{ Ref: only(template, 'AWS::EC2::Subnet', { CidrBlock: '10.0.1.0/24' }) }]);
    assert.deepEqual(actions(endpoint.PolicyDocument.Statement), KINESIS_ACTIONS);
    const group = endpoint.SecurityGroupIds[0]['Fn::GetAtt'][0];
    const ingress = template.toJSON().Resources[group].Properties.SecurityGroupIngress;
    assert.deepEqual(ingress.map((i: any) => [i.IpProtocol, i.FromPort, i.ToPort]), [['tcp', 443, 443]]);
  });
}

test('Session Manager instead of SSH: no port 22, no key, three endpoints for the private host', () => {
  const template = templateOf({ access: 'session-manager' });
  const group = only(template, 'AWS::EC2::SecurityGroup', { GroupDescription: 'The two hosts' });
  assert.equal(template.toJSON().Resources[group].Properties.SecurityGroupIngress.length, 1);
  assert.equal(template.toJSON().Parameters.SshFrom, undefined);
  assert.equal(template.toJSON().Parameters.KeyName, undefined);
  template.resourceCountIs('AWS::EC2::VPCEndpoint', 3);
  template.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: [Match.anyValue()] });
});

test('settings come from the context, and unknown ones are refused', () => {
  const node = (context: Record<string, string>) => new App({ context }).node;
  assert.deepEqual(settingOf(node({})), { stage: 'igw', privateDns: true, access: 'ssh' });
  assert.deepEqual(settingOf(node({ stage: 's3-gateway', 'private-dns': 'off', access: 'session-manager' })),
    { stage: 's3-gateway', privateDns: false, access: 'session-manager' });
  assert.throws(() => settingOf(node({ stage: 'nat' })), /igw, s3-gateway, kinesis-interface/);
});
