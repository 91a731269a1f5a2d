BEGIN TRANSACTION;
CREATE TABLE activation_attempts (
	activation_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	execution_id TEXT NOT NULL, 
	failed_type TEXT NOT NULL, 
	due_at BIGINT NOT NULL, 
	PRIMARY KEY (activation_id, attempt)
)
 WITHOUT ROWID

;
CREATE TABLE activation_starts (
	activation_id TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	inputs TEXT, 
	PRIMARY KEY (activation_id)
)
 WITHOUT ROWID

;
INSERT INTO "activation_starts" VALUES('01a2175c-54b8-7f37-832d-5b3dfe3a3784','01a2175c-54b7-7cd4-b736-8d75ba7468aa','658ac7de-d208-48d2-a231-8de62688b590','',1795688256696078,'{"input":1}');
INSERT INTO "activation_starts" VALUES('01a2175c-54c2-74ea-a98b-4b5745a489ee','01a2175c-54b7-7cd4-b736-8d75ba7468aa','63d584bb-ad95-4f9b-aa40-e8ae68287dee','',1795688256706791,'{"input":2}');
INSERT INTO "activation_starts" VALUES('01a2175c-54c4-7fc6-8aac-94c33f62bed3','01a2175c-54b7-7cd4-b736-8d75ba7468aa','bad044c1-c1ea-4efd-97b7-c1ae678e8396','',1795688256708412,'{"input":3}');
INSERT INTO "activation_starts" VALUES('01a2175c-5556-7748-9518-98b67a51d90b','01a2175c-5556-7d98-9e6a-5170bb8195f8','951576d7-dfd3-416d-889f-1b2c9a531be6','',1795688256854098,NULL);
INSERT INTO "activation_starts" VALUES('01a2175c-55f4-75a5-ae7e-7a314c8a864e','01a2175c-55f4-74ce-a349-da90fc431013','e9007fed-3acc-4d29-ab02-f9bc4c5cf8f0','',1795688257012755,NULL);
INSERT INTO "activation_starts" VALUES('01a2175c-565b-75cc-a321-b0fd4f419e30','01a2175c-55f4-74ce-a349-da90fc431013','6e4d68b4-f0e5-4fdb-b455-596036508185','',1795688257115513,NULL);
INSERT INTO "activation_starts" VALUES('01a2175c-56c2-7afc-92b3-7018ebc74705','01a2175c-55f4-74ce-a349-da90fc431013','9dc6c0cb-15e5-4608-bb45-2fd44caef09b','',1795688257218641,NULL);
INSERT INTO "activation_starts" VALUES('01a2175c-572a-7c6e-9088-5215c07ddcc4','01a2175c-55f4-74ce-a349-da90fc431013','b97f0040-faaa-414c-b05c-732000ba5767','',1795688257322397,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE events (
	execution_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	sequence INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (execution_id, id)
)
 WITHOUT ROWID

;
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54b8-7493-a25a-703474efc607',1,'{"id":"01a2175c-54b8-7493-a25a-703474efc607","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"execution.started","timestamp":"2026-11-26T10:17:36.696078Z","payload":{"status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54b8-79ce-a56f-ce99b4662f31',2,'{"id":"01a2175c-54b8-79ce-a56f-ce99b4662f31","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.started","timestamp":"2026-11-26T10:17:36.696078Z","payload":{"nodeId":"aacc0231-6876-4036-b5a4-8585c01442c3","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54b8-79ce-a56f-ce99b4662f32',3,'{"id":"01a2175c-54b8-79ce-a56f-ce99b4662f32","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.completed","timestamp":"2026-11-26T10:17:36.696078Z","payload":{"nodeId":"aacc0231-6876-4036-b5a4-8585c01442c3","status":"succeeded","result":{"input":1}}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54b8-79ce-a56f-ce99b4662f33',4,'{"id":"01a2175c-54b8-79ce-a56f-ce99b4662f33","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.started","timestamp":"2026-11-26T10:17:36.696078Z","payload":{"nodeId":"658ac7de-d208-48d2-a231-8de62688b590","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c2-7dcd-adb9-e9d496813041',5,'{"id":"01a2175c-54c2-7dcd-adb9-e9d496813041","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.completed","timestamp":"2026-11-26T10:17:36.706791Z","payload":{"nodeId":"658ac7de-d208-48d2-a231-8de62688b590","status":"succeeded","result":2}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c2-7ec1-b619-7c5290e6407b',6,'{"id":"01a2175c-54c2-7ec1-b619-7c5290e6407b","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.started","timestamp":"2026-11-26T10:17:36.706791Z","payload":{"nodeId":"63d584bb-ad95-4f9b-aa40-e8ae68287dee","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c4-7a69-bab9-85e0a1134908',7,'{"id":"01a2175c-54c4-7a69-bab9-85e0a1134908","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.completed","timestamp":"2026-11-26T10:17:36.708412Z","payload":{"nodeId":"63d584bb-ad95-4f9b-aa40-e8ae68287dee","status":"succeeded","result":3}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c4-7a69-bab9-85e0a1134909',8,'{"id":"01a2175c-54c4-7a69-bab9-85e0a1134909","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.started","timestamp":"2026-11-26T10:17:36.708412Z","payload":{"nodeId":"bad044c1-c1ea-4efd-97b7-c1ae678e8396","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c4-7bf0-98b6-b9bc1bfcc98c',9,'{"id":"01a2175c-54c4-7bf0-98b6-b9bc1bfcc98c","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"chunk.completed","timestamp":"2026-11-26T10:17:36.708412Z","payload":{"nodeId":"bad044c1-c1ea-4efd-97b7-c1ae678e8396","status":"succeeded","result":3}}');
INSERT INTO "events" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','01a2175c-54c4-7bf0-98b6-b9bc1bfcc98d',10,'{"id":"01a2175c-54c4-7bf0-98b6-b9bc1bfcc98d","executionId":"01a2175c-54b7-7cd4-b736-8d75ba7468aa","type":"execution.completed","timestamp":"2026-11-26T10:17:36.708412Z","payload":{"status":"succeeded"}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5556-7d3d-9e18-53c21f32cfd3',1,'{"id":"01a2175c-5556-7d3d-9e18-53c21f32cfd3","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"execution.started","timestamp":"2026-11-26T10:17:36.854098Z","payload":{"status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5556-7d3d-9e18-53c21f32cfd4',2,'{"id":"01a2175c-5556-7d3d-9e18-53c21f32cfd4","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"chunk.started","timestamp":"2026-11-26T10:17:36.854098Z","payload":{"nodeId":"dfccd236-e1c7-4f6f-82df-82ac03fb5185","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5556-7d3d-9e18-53c21f32cfd5',3,'{"id":"01a2175c-5556-7d3d-9e18-53c21f32cfd5","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"chunk.completed","timestamp":"2026-11-26T10:17:36.854098Z","payload":{"nodeId":"dfccd236-e1c7-4f6f-82df-82ac03fb5185","status":"succeeded","result":{"input":1}}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5556-7d3d-9e18-53c21f32cfd6',4,'{"id":"01a2175c-5556-7d3d-9e18-53c21f32cfd6","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"chunk.started","timestamp":"2026-11-26T10:17:36.854098Z","payload":{"nodeId":"951576d7-dfd3-416d-889f-1b2c9a531be6","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5558-75d3-99e0-303ec3f0a778',5,'{"id":"01a2175c-5558-75d3-99e0-303ec3f0a778","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"chunk.failed","timestamp":"2026-11-26T10:17:36.856175Z","payload":{"nodeId":"951576d7-dfd3-416d-889f-1b2c9a531be6","status":"failed","error":{"type":"ValueError","message":"no good","stack":"Traceback (most recent call last):\n  File \"/srv/canvas/tests/handlers/sample_handlers.py\", line 38, in fail\n    raise ValueError(ctx.config.get(\"message\", \"no good\"))\nValueError: no good\n"}}}');
INSERT INTO "events" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','01a2175c-5558-7e7a-99f3-b07797e867fb',6,'{"id":"01a2175c-5558-7e7a-99f3-b07797e867fb","executionId":"01a2175c-5556-7d98-9e6a-5170bb8195f8","type":"execution.failed","timestamp":"2026-11-26T10:17:36.856175Z","payload":{"status":"failed","message":"ValueError: no good"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-55f4-7c16-ab5c-0355ee29fc0d',1,'{"id":"01a2175c-55f4-7c16-ab5c-0355ee29fc0d","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"execution.started","timestamp":"2026-11-26T10:17:37.012755Z","payload":{"status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-55f4-7c16-ab5c-0355ee29fc0e',2,'{"id":"01a2175c-55f4-7c16-ab5c-0355ee29fc0e","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.started","timestamp":"2026-11-26T10:17:37.012755Z","payload":{"nodeId":"e2191eb8-a011-4f71-94ea-295a654bc1a8","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-55f4-7cc9-bbeb-215d88762109',3,'{"id":"01a2175c-55f4-7cc9-bbeb-215d88762109","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.completed","timestamp":"2026-11-26T10:17:37.012755Z","payload":{"nodeId":"e2191eb8-a011-4f71-94ea-295a654bc1a8","status":"succeeded","result":{"input":1}}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-55f4-7cc9-bbeb-215d8876210a',4,'{"id":"01a2175c-55f4-7cc9-bbeb-215d8876210a","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.started","timestamp":"2026-11-26T10:17:37.012755Z","payload":{"nodeId":"e9007fed-3acc-4d29-ab02-f9bc4c5cf8f0","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-565b-7391-888b-69252a197875',5,'{"id":"01a2175c-565b-7391-888b-69252a197875","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.completed","timestamp":"2026-11-26T10:17:37.115513Z","payload":{"nodeId":"e9007fed-3acc-4d29-ab02-f9bc4c5cf8f0","status":"succeeded","result":3049.477246104}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-565b-79f5-a07c-251c7840215b',6,'{"id":"01a2175c-565b-79f5-a07c-251c7840215b","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.started","timestamp":"2026-11-26T10:17:37.115513Z","payload":{"nodeId":"6e4d68b4-f0e5-4fdb-b455-596036508185","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-56c2-708b-ab79-d2520d4b0a6f',7,'{"id":"01a2175c-56c2-708b-ab79-d2520d4b0a6f","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.completed","timestamp":"2026-11-26T10:17:37.218641Z","payload":{"nodeId":"6e4d68b4-f0e5-4fdb-b455-596036508185","status":"succeeded","result":3049.580410677}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-56c2-7b44-8363-5f66fb364e6c',8,'{"id":"01a2175c-56c2-7b44-8363-5f66fb364e6c","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.started","timestamp":"2026-11-26T10:17:37.218641Z","payload":{"nodeId":"9dc6c0cb-15e5-4608-bb45-2fd44caef09b","status":"running"}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-572a-70bf-a1a2-17cb10f83e3d',9,'{"id":"01a2175c-572a-70bf-a1a2-17cb10f83e3d","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.completed","timestamp":"2026-11-26T10:17:37.322397Z","payload":{"nodeId":"9dc6c0cb-15e5-4608-bb45-2fd44caef09b","status":"succeeded","result":3049.684180098}}');
INSERT INTO "events" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','01a2175c-572a-7e5d-844b-cd6d7c89220b',10,'{"id":"01a2175c-572a-7e5d-844b-cd6d7c89220b","executionId":"01a2175c-55f4-74ce-a349-da90fc431013","type":"chunk.started","timestamp":"2026-11-26T10:17:37.322397Z","payload":{"nodeId":"b97f0040-faaa-414c-b05c-732000ba5767","status":"running"}}');
CREATE TABLE execution_labels (
	execution_id TEXT NOT NULL, 
	label TEXT NOT NULL, 
	PRIMARY KEY (execution_id, label)
)
 WITHOUT ROWID

;
INSERT INTO "execution_labels" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','by hand');
INSERT INTO "execution_labels" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','nightly');
INSERT INTO "execution_labels" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','nightly');
INSERT INTO "execution_labels" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','nightly');
CREATE TABLE executions (
	id TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	principal TEXT NOT NULL, 
	flow_id TEXT NOT NULL, 
	flow_name TEXT NOT NULL, 
	version TEXT NOT NULL, 
	content_hash TEXT NOT NULL, 
	status TEXT NOT NULL, 
	priority INTEGER NOT NULL, 
	inputs TEXT NOT NULL, 
	outputs TEXT NOT NULL, 
	error TEXT, 
	context TEXT NOT NULL, 
	options TEXT NOT NULL, 
	rerun_of TEXT, 
	trigger_node_id TEXT, 
	epoch INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	deadline_at BIGINT, 
	cancel_requested_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "executions" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa','00000000-0000-7000-8000-000000000001','local','01a2175c-53cb-7314-a6fb-ee79c6262fab','Straße am Ärmelkanal','2','a7eeca2d3e53f697310f1b09ede65e0b4e936dc2be9155df9280ac0675fa0fef','succeeded',1,'{"input":1}','{"result":3}',NULL,'{"labels":["by hand"]}','{"async":false,"trace":true}',NULL,NULL,1,1795688256696025,1795688256696078,1795688256708412,NULL,NULL);
INSERT INTO "executions" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8','00000000-0000-7000-8000-000000000001','local','01a2175c-54f0-7253-a0a4-55437113710c','Fails','1','22b0ba1e5ea072c85fdac31c590640b929ca8ab111a083eb529fde6bf3e2c9ff','failed',1,'{"input":1}','{}','{"type":"ValueError","message":"no good","nodeId":"951576d7-dfd3-416d-889f-1b2c9a531be6","stack":"Traceback (most recent call last):\n  File \"/srv/canvas/tests/handlers/sample_handlers.py\", line 38, in fail\n    raise ValueError(ctx.config.get(\"message\", \"no good\"))\nValueError: no good\n"}','{}','{"async":false,"trace":false}',NULL,NULL,1,1795688256854072,1795688256854098,1795688256856175,NULL,NULL);
INSERT INTO "executions" VALUES('01a2175c-55f4-74ce-a349-da90fc431013','00000000-0000-7000-8000-000000000001','local','01a2175c-5587-7555-af5d-83dbeb8ab3bd','Goes on','1','6a71a4475c63c6ea3c713a786fd439043006c2d4dd31d0930265aeb001535aa5','running',1,'{"input":1}','{}',NULL,'{}','{"async":true,"trace":false}',NULL,NULL,1,1795688257012724,1795688257012755,NULL,NULL,NULL);
CREATE TABLE journal (
	execution_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	activation_id TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	ports TEXT NOT NULL, 
	error TEXT, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT NOT NULL, 
	PRIMARY KEY (execution_id, seq)
)
 WITHOUT ROWID

;
INSERT INTO "journal" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa',1,1,'01a2175c-54b8-7af1-9f4f-4e21723f872d','aacc0231-6876-4036-b5a4-8585c01442c3','',1,'succeeded','{"input":1}',NULL,1795688256696078,1795688256696078);
INSERT INTO "journal" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa',2,1,'01a2175c-54b8-7f37-832d-5b3dfe3a3784','658ac7de-d208-48d2-a231-8de62688b590','',1,'succeeded','{"out":2}',NULL,1795688256696078,1795688256706791);
INSERT INTO "journal" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa',3,1,'01a2175c-54c2-74ea-a98b-4b5745a489ee','63d584bb-ad95-4f9b-aa40-e8ae68287dee','',1,'succeeded','{"out":3}',NULL,1795688256706791,1795688256708412);
INSERT INTO "journal" VALUES('01a2175c-54b7-7cd4-b736-8d75ba7468aa',4,1,'01a2175c-54c4-7fc6-8aac-94c33f62bed3','bad044c1-c1ea-4efd-97b7-c1ae678e8396','',1,'succeeded','{}',NULL,1795688256708412,1795688256708412);
INSERT INTO "journal" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8',1,1,'01a2175c-5556-7748-9518-98b67a51d90a','dfccd236-e1c7-4f6f-82df-82ac03fb5185','',1,'succeeded','{"input":1}',NULL,1795688256854098,1795688256854098);
INSERT INTO "journal" VALUES('01a2175c-5556-7d98-9e6a-5170bb8195f8',2,1,'01a2175c-5556-7748-9518-98b67a51d90b','951576d7-dfd3-416d-889f-1b2c9a531be6','',1,'failed','{}','{"type":"ValueError","message":"no good","stack":"Traceback (most recent call last):\n  File \"/srv/canvas/tests/handlers/sample_handlers.py\", line 38, in fail\n    raise ValueError(ctx.config.get(\"message\", \"no good\"))\nValueError: no good\n","attempt":1}',1795688256854098,1795688256856175);
INSERT INTO "journal" VALUES('01a2175c-55f4-74ce-a349-da90fc431013',1,1,'01a2175c-55f4-74dc-9d97-575aaa4cd5db','e2191eb8-a011-4f71-94ea-295a654bc1a8','',1,'succeeded','{"input":1}',NULL,1795688257012755,1795688257012755);
INSERT INTO "journal" VALUES('01a2175c-55f4-74ce-a349-da90fc431013',2,1,'01a2175c-55f4-75a5-ae7e-7a314c8a864e','e9007fed-3acc-4d29-ab02-f9bc4c5cf8f0','',1,'succeeded','{"out":3049.477246104}',NULL,1795688257012755,1795688257115513);
INSERT INTO "journal" VALUES('01a2175c-55f4-74ce-a349-da90fc431013',3,1,'01a2175c-565b-75cc-a321-b0fd4f419e30','6e4d68b4-f0e5-4fdb-b455-596036508185','',1,'succeeded','{"out":3049.580410677}',NULL,1795688257115513,1795688257218641);
INSERT INTO "journal" VALUES('01a2175c-55f4-74ce-a349-da90fc431013',4,1,'01a2175c-56c2-7afc-92b3-7018ebc74705','9dc6c0cb-15e5-4608-bb45-2fd44caef09b','',1,'succeeded','{"out":3049.684180098}',NULL,1795688257218641,1795688257322397);
CREATE TABLE notices (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	type TEXT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	flow_id TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	UNIQUE (id)
);
INSERT INTO "notices" VALUES(1,'01a2175c-54b8-7ee5-8336-63cb9afe82ae','00000000-0000-7000-8000-000000000001','execution.started',1795688256696078,'01a2175c-53cb-7314-a6fb-ee79c6262fab','01a2175c-54b7-7cd4-b736-8d75ba7468aa');
INSERT INTO "notices" VALUES(2,'01a2175c-54c4-7937-882d-7fc280dcd9d4','00000000-0000-7000-8000-000000000001','execution.completed',1795688256708412,'01a2175c-53cb-7314-a6fb-ee79c6262fab','01a2175c-54b7-7cd4-b736-8d75ba7468aa');
INSERT INTO "notices" VALUES(3,'01a2175c-5556-7b64-a795-63b17c0efc6c','00000000-0000-7000-8000-000000000001','execution.started',1795688256854098,'01a2175c-54f0-7253-a0a4-55437113710c','01a2175c-5556-7d98-9e6a-5170bb8195f8');
INSERT INTO "notices" VALUES(4,'01a2175c-5558-732e-97f2-2a92d64e8f63','00000000-0000-7000-8000-000000000001','execution.failed',1795688256856175,'01a2175c-54f0-7253-a0a4-55437113710c','01a2175c-5556-7d98-9e6a-5170bb8195f8');
INSERT INTO "notices" VALUES(5,'01a2175c-55f4-79bd-baca-1eb9174cd916','00000000-0000-7000-8000-000000000001','execution.started',1795688257012755,'01a2175c-5587-7555-af5d-83dbeb8ab3bd','01a2175c-55f4-74ce-a349-da90fc431013');
CREATE TABLE objects (
	ref TEXT NOT NULL, 
	execution_id TEXT NOT NULL, 
	bytes INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	PRIMARY KEY (ref)
)
 WITHOUT ROWID

;
CREATE TABLE requests (
	project_id TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	method TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response BLOB, 
	error BLOB, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (project_id, request_id, method)
);
INSERT INTO "requests" VALUES('00000000-0000-7000-8000-000000000001','e0744be89a38d071622e374286513b14b838949a2db127f42ca8263c3a2b77aa','StartExecution','a41075d68991bfb107b00cce0ac7b1ec0ff1ed33f7497484359aaf1e97b2e1fb',X'0A9A020A2430316132313735632D353462372D376364342D623733362D386437356261373436386161122430303030303030302D303030302D373030302D383030302D3030303030303030303030311A2430316132313735632D353363622D373331342D613666622D6565373963363236326661622201322A406137656563613264336535336636393733313066316230396564653635653062346539333664633262653931353564663932383061633036373566613066656630023A0B7B22696E707574223A317D42027B7D520B12090A0762792068616E645A04080018016A0C08C08EA0D80610A8FFF1CB02720C08C08EA0D80610B09DF5CB028201056C6F63616C8A011653747261C39F6520616D20C384726D656C6B616E616C',NULL,1795688256696025);
INSERT INTO "requests" VALUES('00000000-0000-7000-8000-000000000001','dff8ab9d34ff34d987c880d4c342f0c8aafc303a33826dd2141a1889d0800c19','StartExecution','e28a90bfa62d4eca6bbe150d3b0c657b8cd4ed8bf7b962abb5142c9ea070a893',X'0AFE010A2430316132313735632D353535362D376439382D396536612D353137306262383139356638122430303030303030302D303030302D373030302D383030302D3030303030303030303030311A2430316132313735632D353466302D373235332D613061342D3535343337313133373130632201312A403232623062613165356561303732633835666461633331633539303634306239323963613861623131316130383365623532396664653662663365326339666630023A0B7B22696E707574223A317D42027B7D52005A04080018006A0C08C08EA0D80610C0B5A09703720C08C08EA0D80610D080A297038201056C6F63616C8A01054661696C73',NULL,1795688256854072);
INSERT INTO "requests" VALUES('00000000-0000-7000-8000-000000000001','7aeaacb438c8f1ac7fb4d8be63bc3eca0bfc7b618ff8f33d5adf77aa8170f9d5','StartExecution','e039b349441663d4b79faef707eee76ceeb1ba087e01fa5a87cb4d24f930d860',X'0AFE010A2430316132313735632D353566342D373463652D613334392D646139306663343331303133122430303030303030302D303030302D373030302D383030302D3030303030303030303030311A2430316132313735632D353538372D373535352D616635642D3833646265623861623362642201312A403661373161343437356336336336656133633731336137383666643433393034333030366332643464643331643039333032363561656230303135333561613530023A0B7B22696E707574223A317D42027B7D52005A04080118006A0B08C18EA0D80610A0CE8806720B08C18EA0D80610B8C08A068201056C6F63616C8A0107476F6573206F6E',NULL,1795688257012724);
CREATE INDEX activation_attempts_of_execution ON activation_attempts (execution_id);
CREATE INDEX activation_starts_of_execution ON activation_starts (execution_id);
CREATE INDEX executions_live ON executions (project_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX executions_newest ON executions (project_id, created_at, id);
CREATE INDEX executions_newest_of_flow ON executions (project_id, flow_id, created_at, id);
CREATE INDEX objects_of_execution ON objects (execution_id);
CREATE INDEX requests_by_age ON requests (created_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('notices',5);
COMMIT;
