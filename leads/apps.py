from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = _("Leads")

    def ready(self) -> None:
        from events.management import demo
        from leads import erasing, exports
        from leads.management import people

        exports.register()
        erasing.register()
        demo.register(people.add_leads)
