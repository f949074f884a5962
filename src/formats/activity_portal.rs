//! Azure activity as the portal downloads it in CSV: no caller address and no claims, names in the portal's language.

use super::{Form, Format, Plan, Rank};

const SHAPE: &str = "portal activity CSV";

/// The activity log's download.
pub static FORMAT: Format = Format {
    name: "portal activity CSV",
    shapes: &[(SHAPE, Rank::Csv)],
    marks: |record| {
        let seen = record.form == Form::Csv
            && record.has_all(&["Correlation id", "Operation name", "Event initiated by", "Subscription"]);
        seen.then_some("has the header of the portal's activity download")
    },
    load: |record, sink| {
        let plan = sink.plan("AzureActivity", || {
            let plan = Plan::bare("AzureActivity", SHAPE).constants(&[("SourceSystem", "Azure")]).alias(&[
                ("Time", "TimeGenerated"),
                ("Correlation id", "CorrelationId"),
                ("Operation name", "OperationName"),
                ("Event category", "CategoryValue"),
                ("Level", "Level"),
                ("Event initiated by", "Caller"),
                ("Subscription", "SubscriptionId"),
                ("Resource group", "ResourceGroup"),
                ("Resource", "ResourceId"),
            ]);
            let names = record.fields.iter().map(|(name, _)| name.as_ref());
            plan.missing_beyond(names, &["ActivityStatusValue", "ResourceProviderValue", "Resource"])
        });
        let mut row = sink.row(&plan);
        row.text(
            "ActivityStatusValue",
            match record.text("Status") {
                "Succeeded" => "Success",
                "Started" => "Start",
                "Accepted" => "Accept",
                "Failed" => "Failure",
                other => other,
            },
        );
        let kind = record.text("Resource type").to_ascii_uppercase();
        row.text("ResourceProviderValue", kind.split('/').next().unwrap_or_default());
        row.text("Resource", record.text("Resource").rsplit('/').next().unwrap_or_default());
        row.fill(record);
        row.close();
        Ok(())
    },
};
