/** The article's network in one stack: a VPC with a public and a private host, a bucket, a stream, and, by stage, the
 * endpoints that let the private host reach them. */
import { CfnCondition, CfnOutput, CfnParameter, Fn, RemovalPolicy, Stack, StackProps, Duration, Aws } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { account, forBucket, forStream } from './permissions';
import { Setting, STAGES } from './setting';

const PRIVATE = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED };
const PUBLIC = { subnetType: ec2.SubnetType.PUBLIC };

export class ArticleStack extends Stack {
  private readonly setting: Setting;
  private readonly vpc: ec2.Vpc;
  private readonly bucket: Bucket;
  private readonly stream: Stream;

  constructor(scope: Construct, id: string, props: StackProps & { setting: Setting }) {
    super(scope, id, props);
    this.setting = props.setting;
    this.vpc = this.network();
    this.bucket = this.storage();
    this.stream = new Stream(this, 'Stream', {
      shardCount: 1,
      streamMode: StreamMode.PROVISIONED,
      encryption: StreamEncryption.MANAGED,
      retentionPeriod: Duration.hours(24),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.hosts();
    const step = STAGES.indexOf(this.setting.stage);
    if (step >= 1) this.s3Gateway();
    if (step >= 2) this.kinesisInterface();
    if (this.setting.access === 'session-manager') this.sessionManager();
    this.say('Bucket', this.bucket.bucketName);
    this.say('Stream', this.stream.streamName);
    this.say('Region', Aws.REGION);
    this.say('Stage', this.setting.stage);
  }

  private network(): ec2.Vpc {
    return new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/20'),
      maxAzs: 1,
      natGateways: 0,
      subnetConfiguration: [
        { name: 'public', cidrMask: 24, ...PUBLIC },
        { name: 'private', cidrMask: 24, ...PRIVATE },
      ],
    });
  }

  /** Goes away with the stack once it is empty: examples/vpc/down empties it. */
  private storage(): Bucket {
    return new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
  }

  private hosts(): void {
    const role = this.role();
    const group = this.hostsGroup();
    const options = this.setting.access === 'ssh' ? { keyName: this.keyName() } : {};
    for (const [name, vpcSubnets] of Object.entries({ public: PUBLIC, private: PRIVATE })) {
      const host = new ec2.Instance(this, name === 'public' ? 'PublicHost' : 'PrivateHost', {
        vpc: this.vpc,
        vpcSubnets,
        role,
        securityGroup: group,
        instanceName: name,
        instanceType: ec2.InstanceType.of(ec2.InstanceClass.T3, ec2.InstanceSize.MICRO),
        machineImage: ec2.MachineImage.latestAmazonLinux2023(),
        httpTokens: ec2.HttpTokens.REQUIRED,
        blockDevices: [
          { deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(8, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 }) },
        ],
      });
      if (options.keyName) (host.node.defaultChild as ec2.CfnInstance).keyName = options.keyName;
      this.say(`${host.node.id}Id`, host.instanceId);
      this.say(`${host.node.id}Address`, name === 'public' ? host.instancePublicIp : host.instancePrivateIp);
    }
  }

  private role(): iam.Role {
    const role = new iam.Role(this, 'HostRole', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    for (const statement of [...forBucket(this.bucket), ...forStream(this.stream)]) role.addToPolicy(statement);
    if (this.setting.access === 'session-manager') {
      role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonSSMManagedInstanceCore'));
    }
    return role;
  }

  private hostsGroup(): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'Hosts', { vpc: this.vpc, description: 'The two hosts' });
    group.addIngressRule(ec2.Peer.ipv4(this.vpc.vpcCidrBlock), ec2.Port.allTcp(), 'TCP within the VPC');
    if (this.setting.access === 'ssh') {
      const from = new CfnParameter(this, 'SshFrom', {
        description: 'The one address SSH is allowed from, as a.b.c.d/32',
        allowedPattern: '^(\\d{1,3}\\.){3}\\d{1,3}/32$',
        default: '127.0.0.1/32',
      });
      group.addIngressRule(ec2.Peer.ipv4(from.valueAsString), ec2.Port.tcp(22), 'SSH from one address');
    }
    return group;
  }

  private keyName(): string {
    const name = new CfnParameter(this, 'KeyName', { description: 'An EC2 key pair for SSH; empty for none', default: '' });
    const given = new CfnCondition(this, 'HasKey', {
      expression: Fn.conditionNot(Fn.conditionEquals(name.valueAsString, '')),
    });
    return Fn.conditionIf(given.logicalId, name.valueAsString, Aws.NO_VALUE).toString();
  }

  /** A route for S3's addresses in the private route table, nothing else: names stay as they are. */
  private s3Gateway(): void {
    const endpoint = this.vpc.addGatewayEndpoint('S3', {
      service: ec2.GatewayVpcEndpointAwsService.S3,
      subnets: [PRIVATE],
    });
    for (const statement of forBucket(this.bucket, account(this))) endpoint.addToPolicy(statement);
    this.say('S3EndpointId', endpoint.vpcEndpointId);
  }

  /** A network interface in the private subnet; with private DNS the service's name is its address in the whole VPC. */
  private kinesisInterface(): void {
    const endpoint = this.vpc.addInterfaceEndpoint('Kinesis', {
      service: ec2.InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
      subnets: PRIVATE,
      privateDnsEnabled: this.setting.privateDns,
      open: false,
      securityGroups: [this.endpointGroup('KinesisEndpoint')],
    });
    for (const statement of forStream(this.stream, account(this))) endpoint.addToPolicy(statement);
    this.say('KinesisEndpointId', endpoint.vpcEndpointId);
    this.say('KinesisEndpointName', Fn.select(1, Fn.split(':', Fn.select(0, endpoint.vpcEndpointDnsEntries))));
  }

  private endpointGroup(id: string): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, id, { vpc: this.vpc, description: 'HTTPS from the VPC', allowAllOutbound: false });
    group.addIngressRule(ec2.Peer.ipv4(this.vpc.vpcCidrBlock), ec2.Port.tcp(443), 'HTTPS from the VPC');
    return group;
  }

  /** Sessions on both hosts without keys and without port 22. The private host needs these endpoints for them. */
  private sessionManager(): void {
    const securityGroups = [this.endpointGroup('SessionEndpoints')];
    const services = {
      Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
      SsmMessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
      Ec2Messages: ec2.InterfaceVpcEndpointAwsService.EC2_MESSAGES,
    };
    for (const [id, service] of Object.entries(services)) {
      this.vpc.addInterfaceEndpoint(id, { service, subnets: PRIVATE, open: false, securityGroups });
    }
  }

  private say(name: string, value: string): void {
    new CfnOutput(this, name + 'Out', { value }).overrideLogicalId(name === 'Bucket' || name === 'Stream' ? `${name}Name` : name);
  }
}
