//! Azure activity as Event Grid delivers it: what Resource Manager did in `data`, when it happened beside it.

use std::sync::LazyLock;

use super::activity::{caller, resource, status};
use super::record::owned;
use super::signin_tables::inside;
use super::{Form, Format, Plan, Rank, Record, Sink, Value};

const SHAPE: &str = "Event Grid";

/// Events of subscriptions and resource groups, in Event Grid's own schema or as CloudEvents.
pub static FORMAT: Format = Format {
    name: "Event Grid activity",
    shapes: &[(SHAPE, Rank::Sdk)],
    marks: |record| {
        let of_resources = |name: &str| {
            record.text(name).get(..28).is_some_and(|head| head.eq_ignore_ascii_case("Microsoft.Resources.Resource"))
        };
        let named = of_resources("eventType") && record.has("eventTime") || of_resources("type") && record.has("time");
        let seen = record.form == Form::Json
            && named
            && record.get("data").object().is_some_and(|data| data.has("operationName"));
        seen.then_some("has eventType, eventTime and data of Resource Manager's events as Event Grid delivers them")
    },
    load: |record, sink| {
        let Some(data) = record.get("data").object() else { return Err("data is no object".into()) };
        deliver(record, &data, sink);
        Ok(())
    },
};

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    Plan::bare("AzureActivity", SHAPE)
        // Only what management operations do is delivered, and none of its other categories.
        .constants(&[("SourceSystem", "Azure"), ("CategoryValue", "Administrative")])
        .missing(&["EventDataId", "Level", "ActivitySubstatusValue", "EventSubmissionTimestamp", "OperationId"])
});

fn deliver(record: &Record<'_>, data: &Record<'_>, sink: &mut Sink) {
    // The first version of the schema has these three as text.
    let part = |name: &str| match data.get(name) {
        Value::Text(text) if text.trim_start().starts_with('{') => Value::Json(text.to_string().into()),
        other => owned(other.clone()),
    };
    let (claims, authorization, request) = (part("claims"), part("authorization"), part("httpRequest"));
    let mut row = sink.row(&PLAN);
    row.set("TimeGenerated", record.any(&["eventTime", "time"]));
    row.text("OperationNameValue", &data.text("operationName").to_ascii_uppercase());
    row.text("ActivityStatusValue", status(data.text("status")));
    row.set("CorrelationId", data.get("correlationId"));
    row.text("Caller", &caller(&claims, &Value::Null));
    let address = inside(&request, "clientIpAddress").into_owned();
    row.text("CallerIpAddress", if address.is_empty() { inside(&claims, "ipaddr") } else { address.into() }.as_ref());
    for (column, value) in [
        ("Claims", &claims),
        ("Claims_d", &claims),
        ("Authorization", &authorization),
        ("Authorization_d", &authorization),
        ("HTTPRequest", &request),
    ] {
        row.set(column, value);
    }
    let id = data.text("resourceUri");
    resource(&mut row, if id.is_empty() { record.text("subject") } else { id });
    row.set("SubscriptionId", data.get("subscriptionId"));
    row.text("ResourceProviderValue", &data.text("resourceProvider").to_ascii_uppercase());
    row.close();
}
